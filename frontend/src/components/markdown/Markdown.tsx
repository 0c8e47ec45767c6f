import { lazy, memo, Suspense, useDeferredValue } from "react";

import classes from "./Markdown.module.css";

const MarkdownContent = lazy(() => import("./MarkdownContent"));

interface Props {
  text: string;
}

/**
 * Text written by people or models, shown as Markdown. The parser is loaded with the first text; until
 * it is there the text stands as it was written, in the same place and size. A text that did not change
 * is not parsed again, however often the page around it renders.
 */
export const Markdown = memo(function Markdown({ text }: Props) {
  // Streamed text may lag behind by a frame rather than hold up typing.
  const shown = useDeferredValue(text);
  return (
    <div className={classes.prose} dir="auto">
      <Suspense
        fallback={
          <div className={classes.plain} aria-busy>
            {shown}
          </div>
        }
      >
        <MarkdownContent text={shown} />
      </Suspense>
    </div>
  );
});
