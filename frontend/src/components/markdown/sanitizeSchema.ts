import { defaultSchema, type Options } from "rehype-sanitize";

/** GitHub's rules, and the classes by which the formula plugin finds its work. */
export const allowedMarkup: Options = {
  ...defaultSchema,
  attributes: {
    ...defaultSchema.attributes,
    code: [["className", /^language-./, "math-inline", "math-display"]],
  },
};
