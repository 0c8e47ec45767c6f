import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./PageFrame.module.css";

interface Props {
  title: string;
  /** Over the title: the way back to what this page is one of. */
  above?: ReactNode;
  hint?: ReactNode;
  /** At the other end of the title: what can be done on this page. */
  tools?: ReactNode;
  /** For tables; text keeps to a readable measure. */
  wide?: boolean;
  children: ReactNode;
}

/** A page to read and look things up on: its title, what it is for, and its sections. */
export function PageFrame({ title, above, hint, tools, wide, children }: Props) {
  return (
    <div className={classes.page} data-wide={wide}>
      <header className={classes.header}>
        <div>
          {above}
          <Title order={1} className={classes.title}>
            {title}
          </Title>
          {hint !== undefined && (
            <Text c="dimmed" size="sm" mt={2}>
              {hint}
            </Text>
          )}
        </div>
        {tools}
      </header>
      {children}
    </div>
  );
}

/** A part of such a page, under a heading of its own. */
export function PageSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} className={classes.heading}>
        {title}
      </Title>
      {children}
    </section>
  );
}
