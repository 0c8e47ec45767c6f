import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useRef, type ComponentProps } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Markdown.module.css";

/** A block of code with a button that copies exactly its text. */
export function CodeBlock({ children }: ComponentProps<"pre">) {
  const { t } = useTranslation();
  const clipboard = useClipboard();
  const block = useRef<HTMLPreElement>(null);
  return (
    <div className={classes.code}>
      {/* Wide code scrolls, and the keyboard must be able to scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre ref={block} tabIndex={0} dir="ltr">
        {children}
      </pre>
      <Button
        size="compact-xs"
        variant="default"
        className={classes.copy}
        onClick={() => clipboard.copy(block.current?.textContent ?? "")}
      >
        {clipboard.copied ? t("common.copied") : t("common.copy")}
      </Button>
    </div>
  );
}
