import type { Root } from "hast";
import { SKIP, visit } from "unist-util-visit";

const BLOCKS = new Set([
  "p",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "ul",
  "ol",
  "blockquote",
  "table",
]);

/**
 * Lets every block find its own direction, so that Arabic and English can stand in one answer.
 *
 * Only the outermost: a browser looks for a block's direction in no part that has one of its own, and
 * then a list's numbers would stand on the wrong side. The lines inside follow their own words by style.
 */
export function rehypeAutoDirection() {
  return (tree: Root) => {
    visit(tree, "element", (element) => {
      if (!BLOCKS.has(element.tagName)) return undefined;
      element.properties.dir = "auto";
      return SKIP;
    });
  };
}
