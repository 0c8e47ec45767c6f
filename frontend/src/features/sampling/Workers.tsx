import { Button, Table, Text, Title, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { SamplingRunner } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { useSetDrain } from "./requests";

interface Props {
  slug: string;
  runners: readonly SamplingRunner[];
}

/** The processes that sample: what each holds, how busy it is, and a way to take it out of service. */
export function Workers({ slug, runners }: Props) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="sampling-workers">
      <Title order={2} id="sampling-workers" className={report.heading}>
        {t("samplingPage.workers")}
      </Title>
      {runners.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("samplingPage.noWorkers")}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={720}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("samplingPage.worker")}</Table.Th>
                <Table.Th>{t("samplingPage.holds")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.busy")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.memory")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.tokensPerSecond")}</Table.Th>
                <Table.Th className={report.number}>{t("samplingPage.running")}</Table.Th>
                <Table.Th>
                  <VisuallyHidden>{t("common.actions")}</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {runners.map((runner) => (
                <Worker key={runner.id} slug={slug} runner={runner} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}

function Worker({ slug, runner }: { slug: string; runner: SamplingRunner }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const drain = useSetDrain(slug);
  const { memory_bytes: used, memory_budget_bytes: budget } = runner;
  const drained = runner.draining && runner.n_running === 0;
  return (
    <Table.Tr>
      <Table.Td>
        {runner.host}
        <Text size="xs" c="dimmed">
          {runner.device === "" ? t("samplingPage.noDevice") : runner.device}
        </Text>
      </Table.Td>
      <Table.Td>
        {runner.policies.length === 0 ? t("samplingPage.none") : runner.policies.join(", ")}
      </Table.Td>
      <Table.Td className={report.number}>
        {runner.utilisation === null ? t("samplingPage.none") : format.share(runner.utilisation)}
      </Table.Td>
      <Table.Td className={report.number}>
        {used === null ? t("samplingPage.none") : format.bytes(used)}
        {budget !== null && (
          <Text size="xs" c="dimmed">
            {t("samplingPage.ofBudget", { budget: format.bytes(budget) })}
          </Text>
        )}
      </Table.Td>
      <Table.Td className={report.number}>
        {format.number(Math.round(runner.sampled_tokens_per_second))}
      </Table.Td>
      <Table.Td className={report.number}>
        {t("samplingPage.ofThreads", { n: runner.n_running, threads: runner.n_threads })}
        {runner.draining && (
          <Text size="xs" c="dimmed">
            {t(drained ? "samplingPage.drained" : "samplingPage.draining")}
          </Text>
        )}
      </Table.Td>
      <Table.Td className={report.number}>
        <Button
          variant="default"
          size="compact-sm"
          loading={drain.isPending}
          onClick={() =>
            drain.mutate(
              { id: runner.id, draining: !runner.draining },
              { onError: (error) => toastFailure(errorText(error)) },
            )
          }
        >
          {t(runner.draining ? "samplingPage.resume" : "samplingPage.drain")}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
