import { Alert, Button, Checkbox, NativeSelect, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { ComparisonDetail } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { useMarkGold } from "./figuresRequests";
import classes from "./GoldForm.module.css";
import { GoldRow } from "./GoldRow";
import { letterOf, orderLine, strictPairs } from "./orderLine";

const MARKS_WANTED = 2;

/** Lets a manager say which order is right; with a second one it becomes the known answer. */
export function GoldSection({ comparison }: { comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  if (comparison.gold === null && comparison.state !== "ready") return null;
  return (
    <section aria-label={t("quality.markGold")}>
      <Title order={2} className={report.heading}>
        {t("quality.markGold")}
      </Title>
      <GoldState comparison={comparison} />
    </section>
  );
}

/** What is known of it, or the form where this manager still has a say. */
function GoldState({ comparison }: { comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  if (comparison.gold !== null) {
    return <Text>{t("quality.isGold", { use: t(`quality.uses.${comparison.gold}`) })}</Text>;
  }
  if (comparison.n_gold_marks >= MARKS_WANTED) return <Text>{t("quality.markedApart")}</Text>;
  if (comparison.marked_by_me) return <Text>{t("quality.markedByMe")}</Text>;
  return <GoldForm comparison={comparison} />;
}

const pairName = ([better, worse]: readonly [number, number]) => `${better}-${worse}`;

function GoldForm({ comparison }: { comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const mark = useMarkGold(comparison.id);
  const { candidates } = comparison;
  const [places, setPlaces] = useState<readonly (number | null)[]>(() =>
    candidates.map(() => null),
  );
  const [flags, setFlags] = useState<readonly (readonly string[])[]>(() =>
    candidates.map(() => []),
  );
  const [unclear, setUnclear] = useState<ReadonlySet<string>>(new Set());
  const [use, setUse] = useState<"gold" | "exam">("gold");
  const [note, setNote] = useState("");
  const ordered = strictPairs(places);
  const clear = ordered.filter((pair) => !unclear.has(pairName(pair)));
  const idOf = (place: number) => candidates[place]?.id ?? 0;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    mark.mutate(
      {
        use,
        pairs: clear.map(([better, worse]) => [idOf(better), idOf(worse)]),
        flags: Object.fromEntries(
          flags.flatMap((keys, place) => (keys.length > 0 ? [[idOf(place), [...keys]]] : [])),
        ),
        note,
      },
      {
        onSuccess: ({ gold }) => {
          if (gold !== null) toast(t("quality.markedBoth"));
          else toast(t(comparison.n_gold_marks === 0 ? "quality.marked" : "quality.markedApart"));
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" c="dimmed" maw="65ch">
          {t("quality.markHint")} {t("quality.nMarks", { count: comparison.n_gold_marks })}
        </Text>
        <ul className={classes.rows}>
          {candidates.map((candidate, place) => (
            <GoldRow
              key={candidate.id}
              letter={letterOf(candidate.index)}
              opening={candidate.content}
              nPlaces={candidates.length}
              place={places[place] ?? null}
              onPlace={(chosen) => setPlaces((before) => before.with(place, chosen))}
              asked={comparison.asked_flags}
              flags={flags[place] ?? []}
              onFlags={(keys) => setFlags((before) => before.with(place, keys))}
            />
          ))}
        </ul>
        <p className={classes.order} aria-live="polite">
          {ordered.length === 0 ? t("quality.markNoOrder") : t("quality.markOrder")}{" "}
          {ordered.length > 0 && <strong>{orderLine(places)}</strong>}
        </p>
        {ordered.length > 0 && (
          <fieldset className={classes.pairs}>
            <legend>{t("quality.markClear", { count: clear.length })}</legend>
            <Text size="sm" c="dimmed">
              {t("quality.markClearHint")}
            </Text>
            <div className={classes.pairGrid}>
              {ordered.map((pair) => (
                <Checkbox
                  key={pairName(pair)}
                  label={t("quality.markPair", {
                    better: letterOf(pair[0]),
                    worse: letterOf(pair[1]),
                  })}
                  checked={!unclear.has(pairName(pair))}
                  onChange={() =>
                    setUnclear((before) => {
                      const after = new Set(before);
                      if (!after.delete(pairName(pair))) after.add(pairName(pair));
                      return after;
                    })
                  }
                />
              ))}
            </div>
          </fieldset>
        )}
        <NativeSelect
          maw="24rem"
          label={t("quality.markUse")}
          description={
            use === "exam" ? t("quality.markExam", { count: comparison.n_exam_pairs }) : undefined
          }
          data={(["gold", "exam"] as const).map((value) => ({
            value,
            label: t(`quality.uses.${value}`),
          }))}
          value={use}
          onChange={(event) => setUse(event.currentTarget.value === "exam" ? "exam" : "gold")}
        />
        <Textarea
          maw="40rem"
          label={t("quality.markNote")}
          value={note}
          autosize
          minRows={2}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {mark.isError && (
          <Alert color="red" role="alert">
            {errorText(mark.error)}
          </Alert>
        )}
        <div>
          <Button type="submit" disabled={clear.length === 0} loading={mark.isPending}>
            {t("quality.markSubmit")}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
