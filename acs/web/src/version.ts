declare const __VERSION__: string;

/** Of package.json; the build puts it in. */
export const version: string = __VERSION__;
