import { Group, Modal, Select, Text } from "@mantine/core";
import { diffWordsWithSpace } from "diff";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Comparison } from "@/api/types";

import classes from "./Ranking.module.css";

interface Props {
  onClose: () => void;
  candidates: Comparison["candidates"];
  /** What is compared to begin with. */
  from: string;
  to: string;
}

/** Word by word, how any candidate differs from any other. */
export function DiffDialog({ onClose, candidates, ...start }: Props) {
  const { t } = useTranslation();
  const [from, setFrom] = useState(start.from);
  const [to, setTo] = useState(start.to);
  const labels = candidates.map(({ label }) => label);
  const textOf = (name: string) => candidates.find(({ label }) => label === name)?.content ?? "";
  /** Choosing the other side's candidate swaps the two. */
  const choose = (side: "from" | "to", label: string) => {
    if (side === "from" ? label === to : label === from) {
      setFrom(to);
      setTo(from);
    } else if (side === "from") setFrom(label);
    else setTo(label);
  };
  const choice = (side: "from" | "to", value: string) => (
    <Select
      label={t(`ranking.diffSides.${side}`)}
      data={labels.map((label) => ({ value: label, label: t("ranking.candidate", { label }) }))}
      value={value}
      allowDeselect={false}
      onChange={(label) => label !== null && choose(side, label)}
      w={160}
    />
  );
  return (
    <Modal opened onClose={onClose} size="xl" title={t("ranking.diffTitle", { from, to })}>
      <Group mb="md" align="end">
        {choice("from", from)}
        {choice("to", to)}
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        {t("ranking.diffHint", { from, to })}
      </Text>
      <div className={classes.diff} dir="auto">
        {diffWordsWithSpace(textOf(from), textOf(to)).map(({ value, added, removed }, index) => {
          if (added) return <ins key={index}>{value}</ins>;
          if (removed) return <del key={index}>{value}</del>;
          return <span key={index}>{value}</span>;
        })}
      </div>
    </Modal>
  );
}
