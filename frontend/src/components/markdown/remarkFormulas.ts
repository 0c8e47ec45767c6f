import { mathFromMarkdown } from "mdast-util-math";
import { math } from "micromark-extension-math";
import type { Construct, Extension, State, TokenizeContext } from "micromark-util-types";
import type {} from "remark-parse";
import type { Processor } from "unified";

const [DOLLAR, ZERO, NINE] = [36, 48, 57];

/** Whether a text may hold a formula, by the same rule but read less closely: for what loads at first use. */
export const mayHoldFormula = (text: string): boolean =>
  /\$\$|\$(?![\s$])[^$]*(?<!\s)\$(?!\d)/.test(text);

/**
 * Whether what stands between dollars, with them, is a formula and no prices, by the rule of pandoc's
 * extension `tex_math_dollars`: a single dollar opens none before a space, and closes none after a space
 * or a backslash or before a digit.
 */
const isFormula = (written: string, next: number | null): boolean =>
  written.startsWith("$$") ||
  (!/^\$\s|[\s\\]\$$/.test(written) && !(next !== null && next >= ZERO && next <= NINE));

function tellingPrices(formula: Construct): Construct {
  return {
    ...formula,
    tokenize(this: TokenizeContext, effects, ok, nok) {
      const tell: State = (next) => {
        const token = this.events.at(-1)?.[1];
        return token !== undefined && isFormula(this.sliceSerialize(token), next)
          ? ok(next)
          : nok(next);
      };
      return formula.tokenize.call(this, effects, tell, nok);
    },
  };
}

/** LaTeX as `$inline$`, `$$inline$$` and blocks between lines of `$$`. */
export function remarkFormulas(this: Processor): void {
  const anyDollars = math();
  const inline = anyDollars.text?.[DOLLAR];
  if (inline === undefined || Array.isArray(inline)) throw new Error("no formulas to tell apart");
  const told: Extension = { ...anyDollars, text: { [DOLLAR]: tellingPrices(inline) } };
  const settings = this.data();
  (settings.micromarkExtensions ??= []).push(told);
  (settings.fromMarkdownExtensions ??= []).push(mathFromMarkdown());
}
