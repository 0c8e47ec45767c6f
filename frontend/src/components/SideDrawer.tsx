import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  opened: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** The one right-hand drawer: guidelines, history, details. */
export function SideDrawer({ title, opened, onClose, children }: Props) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      position="right"
      size="lg"
      overlayProps={{ backgroundOpacity: 0.2 }}
    >
      {children}
    </Drawer>
  );
}
