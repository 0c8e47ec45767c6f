import { useQuery } from "@tanstack/react-query";
import type { Options } from "react-markdown";

import { mayHoldFormula } from "./remarkFormulas";

type Plugins = NonNullable<Options["rehypePlugins"]>;

const NONE: Plugins = [];

async function loadHighlighting(): Promise<Plugins> {
  const { default: rehypeHighlight } = await import("rehype-highlight");
  return [[rehypeHighlight, { detect: false }]];
}

async function loadFormulas(): Promise<Plugins> {
  const [{ default: rehypeKatex }] = await Promise.all([
    import("rehype-katex"),
    import("katex/dist/katex.min.css"),
  ]);
  // Nothing in a formula may grow over the page. One that cannot be read stands as it was written.
  const settings = { throwOnError: false, maxSize: 20, errorColor: "var(--mantine-color-error)" };
  return [[rehypeKatex, settings]];
}

/** The plugins for code and formulas, loaded the first time that a text needs them. */
export function useHeavyPlugins(text: string): Plugins {
  const hasCode = text.includes("```");
  const hasFormula = mayHoldFormula(text);
  const highlighting = useQuery({
    queryKey: ["markdown-plugin", "highlight"],
    queryFn: loadHighlighting,
    enabled: hasCode,
    staleTime: Infinity,
  });
  const formulas = useQuery({
    queryKey: ["markdown-plugin", "katex"],
    queryFn: loadFormulas,
    enabled: hasFormula,
    staleTime: Infinity,
  });
  return [
    ...((hasCode ? highlighting.data : undefined) ?? NONE),
    ...((hasFormula ? formulas.data : undefined) ?? NONE),
  ];
}
