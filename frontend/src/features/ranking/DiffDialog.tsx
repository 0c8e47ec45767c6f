import { Modal, Text } from "@mantine/core";
import { diffWordsWithSpace } from "diff";
import { useTranslation } from "react-i18next";

import type { Comparison } from "@/api/types";

import classes from "./Ranking.module.css";

interface Props {
  opened: boolean;
  onClose: () => void;
  candidates: Comparison["candidates"];
  focused: string;
  /** The best-ranked other candidate; without one the first other stands in. */
  best: string | null;
}

/** Word by word, how the focused candidate differs from the best. */
export function DiffDialog({ opened, onClose, candidates, focused, best }: Props) {
  const { t } = useTranslation();
  const other = candidates.find(({ label }) =>
    best === null ? label !== focused : label === best,
  );
  const mine = candidates.find(({ label }) => label === focused);
  if (mine === undefined || other === undefined) return null;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="xl"
      title={t("ranking.diffTitle", { from: other.label, to: mine.label })}
    >
      <Text size="sm" c="dimmed" mb="sm">
        {t("ranking.diffHint", { from: other.label, to: mine.label })}
      </Text>
      {opened && (
        <div className={classes.diff} dir="auto">
          {diffWordsWithSpace(other.content, mine.content).map(
            ({ value, added, removed }, index) => {
              if (added) return <ins key={index}>{value}</ins>;
              if (removed) return <del key={index}>{value}</del>;
              return <span key={index}>{value}</span>;
            },
          )}
        </div>
      )}
    </Modal>
  );
}
