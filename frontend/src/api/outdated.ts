/**
 * Whether the server has another build of this web app than the page runs: one that was opened before an
 * update may send what the server no longer understands. False where the server cannot tell just now.
 */
export async function isOutdated(): Promise<boolean> {
  const entry = document.querySelector<HTMLScriptElement>('script[type="module"][src]');
  if (entry === null) return false;
  try {
    const answer = await globalThis.fetch("/", { cache: "no-store", credentials: "same-origin" });
    // The build names its entry by what is in it.
    return answer.ok && !(await answer.text()).includes(new URL(entry.src).pathname);
  } catch {
    return false;
  }
}
