import type { Element, Root } from "hast";
import { describe, expect, it } from "vitest";

import { rehypeAutoDirection } from "./rehypeAutoDirection";

const element = (tagName: string, ...children: Element["children"]): Element => ({
  type: "element",
  tagName,
  properties: {},
  children,
});

describe("the direction of a text", () => {
  it("is found by the outermost blocks, each by all of its words", () => {
    const item = element("li", { type: "text", value: "أغلق الباب" });
    const list = element("ol", item);
    const said = element("p", { type: "text", value: "As you wish." });
    const quote = element("blockquote", said);
    const tree: Root = { type: "root", children: [list, quote] };
    rehypeAutoDirection()(tree);
    expect([list, quote].map(({ properties }) => properties.dir)).toEqual(["auto", "auto"]);
    expect([item, said].map(({ properties }) => properties.dir)).toEqual([undefined, undefined]);
  });
});
