/** The page's start: the hubs of this browser, shown by the app. */
import { openHubs } from './link/open.js';
import { takeCode } from './ui/pairing/connection-code.js';
import { start } from './ui/start.js';

// Before anything can wait or fail.
takeCode();
void start(document.getElementById('app') ?? document.body, openHubs());

// Only where the browser allows it: not on pages that came over plain http from another machine.
if (window.isSecureContext) navigator.serviceWorker?.register('./sw.js').catch(() => undefined);
