import { Button, Progress, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { PickRun } from "@/api/types";
import classes from "@/components/report/Report.module.css";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { useCancelRun } from "./comparisonRequests";

interface Props {
  slug: string;
  run: PickRun;
}

/** One draw: what it drew, how far its sampling is, and the way to call it off. */
export function PickRunRow({ slug, run }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const cancel = useCancelRun(slug);
  return (
    <Table.Tr>
      <Table.Td>{format.time(run.created_at)}</Table.Td>
      <Table.Td>
        {t(`comparisons.run.sources.${run.source}`)}
        <Text size="xs" c="dimmed">
          {t(`comparisons.run.rules.${run.rule}`)}
        </Text>
      </Table.Td>
      <Table.Td className={classes.number}>
        {t("progress.ofWanted", {
          picked: format.number(run.n_picked),
          wanted: format.number(run.n_wanted),
        })}
      </Table.Td>
      <Table.Td className={classes.number}>{format.number(run.population)}</Table.Td>
      <Table.Td className={classes.number}>{run.seed}</Table.Td>
      <Table.Td miw={150}>
        <HowFar run={run} />
      </Table.Td>
      <Table.Td className={classes.number}>
        {run.n_sampling > 0 && (
          <Button
            variant="default"
            size="compact-sm"
            loading={cancel.isPending}
            onClick={() =>
              cancel.mutate(run.id, {
                onSuccess: () => toast(t("comparisons.run.cancelled")),
                onError: (error) => toastFailure(errorText(error)),
              })
            }
          >
            {t("comparisons.run.cancel")}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function HowFar({ run }: { run: PickRun }) {
  const { t } = useTranslation();
  const format = useFormat();
  const over = run.n_picked - run.n_sampling;
  const done = t("comparisons.run.done", {
    done: format.number(over),
    all: format.number(run.n_picked),
  });
  const left =
    run.seconds_left === null
      ? t("comparisons.run.waiting")
      : t("comparisons.run.left", { time: format.age(run.seconds_left) });
  return (
    <>
      {run.n_sampling > 0 && (
        <Progress
          value={run.n_picked === 0 ? 0 : (100 * over) / run.n_picked}
          aria-label={`${t("comparisons.run.progress")}: ${done}`}
          mb={4}
        />
      )}
      <Text size="xs" c="dimmed">
        {[
          done,
          run.n_failed > 0 && t("comparisons.run.failed", { count: run.n_failed }),
          run.cancelled_at !== null && t("comparisons.run.wasCancelled"),
          run.n_sampling > 0 && left,
        ]
          .filter(Boolean)
          .join(" · ")}
      </Text>
    </>
  );
}
