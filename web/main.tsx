/** The page's start. */
import { openHubs } from './link/open.js';

document.body.append('botster');
void openHubs();
