import { memo } from "react";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkBreaks from "remark-breaks";
import remarkGfm from "remark-gfm";

import { CodeBlock } from "./CodeBlock";
import classes from "./Markdown.module.css";
import { rehypeAutoDirection } from "./rehypeAutoDirection";
import { remarkFormulas } from "./remarkFormulas";
import { RemoteImage } from "./RemoteImage";
import { allowedMarkup } from "./sanitizeSchema";
import { useHeavyPlugins } from "./useHeavyPlugins";

const REMARK_PLUGINS: Options["remarkPlugins"] = [
  remarkGfm,
  // A single line break is one: people and models both write addresses, verse and lists that way.
  remarkBreaks,
  remarkFormulas,
];

/** The page has its own headings, so those inside a text start below them. */
const COMPONENTS: Components = {
  h1: "h3",
  h2: "h4",
  h3: "h5",
  h4: "h6",
  h5: "h6",
  pre: CodeBlock,
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  table: ({ children }) => (
    // Words stay whole: a wide table scrolls instead, and the keyboard must be able to scroll it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.wide} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  img: ({ alt, src }) => <RemoteImage description={alt ?? ""} address={src ?? ""} />,
};

interface Props {
  text: string;
}

/** Parses only when the text is another one. */
export default memo(function MarkdownContent({ text }: Props) {
  const heavy = useHeavyPlugins(text);
  return (
    <ReactMarkdown
      remarkPlugins={REMARK_PLUGINS}
      // Sanitised before the trusted plugins add their own markup.
      rehypePlugins={[[rehypeSanitize, allowedMarkup], rehypeAutoDirection, ...heavy]}
      components={COMPONENTS}
    >
      {text}
    </ReactMarkdown>
  );
});
