import type { Root } from "hast";
import { visit } from "unist-util-visit";

const BLOCKS = new Set(["p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "td", "th"]);

/** Lets every block find its own direction, so that Arabic and English can stand in one answer. */
export function rehypeAutoDirection() {
  return (tree: Root) => {
    visit(tree, "element", (element) => {
      if (BLOCKS.has(element.tagName)) element.properties.dir = "auto";
    });
  };
}
