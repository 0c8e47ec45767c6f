import { ActionIcon, Group, Text } from "@mantine/core";
import { ChevronLeft, ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";

interface Props {
  message: Message;
  disabled: boolean;
  onChoose: (message: number) => void;
}

/** Which try at this turn is on the page, and the way to the others. */
export function TryPicker({ message, disabled, onChoose }: Props) {
  const { t } = useTranslation();
  const { tries, id } = message;
  if (tries.length < 2) return null;
  const place = tries.indexOf(id);
  const step = (by: -1 | 1, label: string, icon: ReactNode) => {
    const other = tries[place + by];
    const closed = disabled || other === undefined || other === 0;
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        // Not `disabled`, which would take the focus from whoever goes through the tries by keyboard.
        aria-disabled={closed}
        data-disabled={closed || undefined}
        onClick={() => !closed && onChoose(other)}
      >
        {icon}
      </ActionIcon>
    );
  };
  return (
    <Group gap={2} component="span">
      {step(-1, t("chat.previousTry"), <ChevronLeft size={15} />)}
      <Text size="xs" c="dimmed" component="span">
        {t("chat.tryOf", { n: place + 1, count: tries.length })}
      </Text>
      {step(1, t("chat.nextTry"), <ChevronRight size={15} />)}
    </Group>
  );
}
