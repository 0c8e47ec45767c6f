import type { SaveStatus } from "@/lib/autosaver";

/** Where a thread's words are: with an editor that has some of its own, or stored with their turns. */
export function statusOfThread(editor: SaveStatus, nTurns: number, writing: boolean): SaveStatus {
  if (editor !== "unchanged" || nTurns === 0) return editor;
  return writing ? "saving" : "saved";
}
