import { Alert, Button, Checkbox, Select, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { useMarkGold } from "./figuresRequests";
import { letterOf } from "./orderLine";
import classes from "@/components/report/Report.module.css";

/** Lets a manager say which pairs are clear; with a second one they become the known answer. */
export function GoldForm({ comparison }: { comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const mark = useMarkGold(comparison.id);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [use, setUse] = useState<"gold" | "exam">("gold");
  const [note, setNote] = useState("");
  const byIndex = new Map(comparison.candidates.map((row) => [row.index, row.id]));
  if (comparison.gold) {
    return (
      <section>
        <Text>{t("quality.isGold", { use: t(`quality.uses.${comparison.gold}`) })}</Text>
      </section>
    );
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const pairs = comparison.consensus.flatMap(({ chosen: better, rejected }) => {
      const [a, b] = [byIndex.get(better), byIndex.get(rejected)];
      return chosen.has(`${better}-${rejected}`) && a && b ? [[a, b]] : [];
    });
    mark.mutate({ use, pairs, note }, { onSuccess: () => toast(t("quality.marked")) });
  };
  if (comparison.state !== "ready" || comparison.consensus.length === 0) return null;
  return (
    <section aria-label={t("quality.markGold")}>
      <Title order={2} className={classes.heading}>
        {t("quality.markGold")}
      </Title>
      <form onSubmit={submit}>
        <Stack maw="32rem">
          <Text size="sm" c="dimmed">
            {t("quality.markHint")} {t("quality.nMarks", { count: comparison.n_gold_marks })}
          </Text>
          {comparison.consensus.map(({ chosen: better, rejected }) => {
            const name = `${better}-${rejected}`;
            return (
              <Checkbox
                key={name}
                label={t("quality.markPair", {
                  better: letterOf(better),
                  worse: letterOf(rejected),
                })}
                checked={chosen.has(name)}
                onChange={() =>
                  setChosen((before) => {
                    const after = new Set(before);
                    if (!after.delete(name)) after.add(name);
                    return after;
                  })
                }
              />
            );
          })}
          <Select
            label={t("quality.markUse")}
            data={[
              { value: "gold", label: t("quality.uses.gold") },
              { value: "exam", label: t("quality.uses.exam") },
            ]}
            value={use}
            allowDeselect={false}
            onChange={(value) => setUse(value === "exam" ? "exam" : "gold")}
          />
          <Textarea
            label={t("quality.markNote")}
            value={note}
            autosize
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {mark.isError && (
            <Alert color="red" role="alert">
              {errorText(mark.error)}
            </Alert>
          )}
          <div>
            <Button type="submit" disabled={chosen.size === 0} loading={mark.isPending}>
              {t("quality.markSubmit")}
            </Button>
          </div>
        </Stack>
      </form>
    </section>
  );
}
