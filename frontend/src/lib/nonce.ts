declare global {
  // The name under which the scroll lock of Mantine's overlays looks for the nonce.
  var __webpack_nonce__: string | undefined;
}

/** The nonce that lets style elements through the content security policy of this page. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
}

/** Hands the nonce to libraries that write style elements without asking Mantine. */
export function shareStyleNonce(): void {
  globalThis.__webpack_nonce__ = styleNonce();
}
