/** Where a relay serves its page and its cable. */
export interface RelayUrls {
  readonly page_url: string;
  readonly cable_url: string;
}

/** Of the relay whose page a connection code names; of the one that served this page, if it is the code alone. */
export function relayOf(code: string, pageUrl: string): RelayUrls {
  const text = code.trim();
  const before = text.slice(0, Math.max(0, text.lastIndexOf('#')));
  const page = /^https?:\/\//i.test(before) ? before : pageUrl;
  const url = new URL('cable', page);
  return {
    page_url: new URL('.', page).href,
    cable_url: url.href.replace(/^http/i, 'ws'),
  };
}
