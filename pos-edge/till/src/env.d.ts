/**
 * What the build tells the code. In the service worker `__PRECACHE__` is what a
 * page needs to start without the edge: paths below `/`, and a version that is
 * another one whenever any of these files is another one.
 */
declare const __PRECACHE__: { readonly version: string; readonly files: readonly string[] };
