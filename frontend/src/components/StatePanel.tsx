import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./StatePanel.module.css";

interface Props {
  title: string;
  hint?: ReactNode;
  /** What the person can do next; a page is never a dead end. */
  children?: ReactNode;
  /** `alert` for something that went wrong, so that it is read out at once. */
  role?: "status" | "alert";
  /** 2 where the page around it has a title of its own. */
  order?: 1 | 2;
}

/** Fills a page or a panel that has nothing else to show: empty, gone, failed. */
export function StatePanel({ title, hint, children, role = "status", order = 1 }: Props) {
  return (
    <div className={classes.panel} role={role}>
      <Title order={order} className={classes.title}>
        {title}
      </Title>
      {hint !== undefined && (
        <Text c="dimmed" className={classes.hint}>
          {hint}
        </Text>
      )}
      {children !== undefined && (
        <Group justify="center" mt="md">
          {children}
        </Group>
      )}
    </div>
  );
}
