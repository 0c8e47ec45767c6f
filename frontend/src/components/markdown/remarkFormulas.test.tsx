import { render, screen, waitFor } from "@testing-library/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import ReactMarkdown from "react-markdown";
import { describe, expect, it } from "vitest";

import { Markdown } from "./Markdown";
import { mayHoldFormula, remarkFormulas } from "./remarkFormulas";

const FORMULA = /<code class="language-math math-inline">(.*?)<\/code>/gs;

/** What is read as a formula in a paragraph. */
const formulas = (text: string): string[] => {
  const markup = renderToStaticMarkup(
    <ReactMarkdown remarkPlugins={[remarkFormulas]}>{text}</ReactMarkdown>,
  );
  return [...markup.matchAll(FORMULA)].map(([, formula]) => formula ?? "");
};

describe("formulas between single dollars", () => {
  it.each([
    ["Let $x$ be even.", ["x"]],
    ["$a_1 + b^2$, then $\\frac{1}{2}$.", ["a_1 + b^2", "\\frac{1}{2}"]],
    ["($n$-th, **$k$**)", ["n", "k"]],
    ["$a\nb$ over two lines", ["a\nb"]],
    ["It costs $5 and $x$ is unknown.", ["x"]],
    ["Two dollars: $$ x $$ may have spaces.", ["x"]],
    ["$$5$$10", ["5"]],
    ["Escaped \\$x$ and $y$.", ["y"]],
  ])("are read in %j", (text, found) => {
    expect(formulas(text)).toEqual(found);
    expect(mayHoldFormula(text)).toBe(true);
  });

  it.each([
    "It costs $5 and $10.",
    "Between $5-$10, or US$5/US$6.",
    "$20,000 and $30,000 a year",
    "$ x $ and $ y$ and $z $",
    "Only $5.",
    "echo $HOME and $PATH",
    "a price of \\$5 and 7\\$",
    "$5 \\$ and `$x$` in code",
    "$5 in one paragraph\n\nand 10$ in another",
  ])("are not read in %j", (text) => {
    expect(formulas(text)).toEqual([]);
  });

  it("leave what is no formula as it was written, marks included", () => {
    const markup = renderToStaticMarkup(
      <ReactMarkdown remarkPlugins={[remarkFormulas]}>
        {"From $5 to **$10** and $15"}
      </ReactMarkdown>,
    );
    expect(markup).toBe("<p>From $5 to <strong>$10</strong> and $15</p>");
  });

  it("are set by the one renderer, which loads nothing for prices", async () => {
    expect(mayHoldFormula("From $5 to $10 and $15")).toBe(false);
    render(
      <QueryClientProvider client={new QueryClient()}>
        <Markdown text="Let $x^2$ cost $5 or $10." />
      </QueryClientProvider>,
    );
    await waitFor(() => expect(document.querySelectorAll(".katex")).toHaveLength(1));
    expect(screen.getByText(/cost \$5 or \$10\./)).toBeInTheDocument();
  });
});
