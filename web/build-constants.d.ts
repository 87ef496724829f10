/**
 * What web-build/ puts into the app. web/service-worker.ts becomes /sw.js, and it alone has the first two. Of other files
 * (icons, the manifest) those are taken over that index.html or the manifest names.
 */

/** Changes with every build that changes a file. */
declare const BUILD_ID: string;
/** All files of the app, relative to the page, without source maps. */
declare const BUILD_FILES: readonly string[];
/** The release, such as `0.1.0`. */
declare const BUILD_VERSION: string;
