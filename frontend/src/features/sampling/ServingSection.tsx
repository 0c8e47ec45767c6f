import { Alert, Button, Group, Select, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Policy, Serving, ServedUse } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { servingQuery, useSetServing } from "./requests";
import {
  areGood,
  asRequest,
  holds,
  isChanged,
  rowsOf,
  USES,
  withChange,
  withoutRow,
  withRow,
} from "./serving";
import { ServingTable } from "./ServingTable";

interface Props {
  slug: string;
  policies: readonly Policy[];
}

/** Who serves the open round, and with which weight each is drawn. */
export function ServingSection({ slug, policies }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const serving = useQuery(servingQuery(slug));
  if (serving.isPending) return null;
  if (serving.isLoadingError) {
    return (
      <Alert color="red" role="alert">
        {errorText(serving.error)}
      </Alert>
    );
  }
  if (serving.data.round === null) {
    return (
      <Alert color="orange" variant="light" role="status">
        {t("policies.noRound")}
      </Alert>
    );
  }
  return (
    <ServingEditor
      // What was saved here or elsewhere is taken up afresh.
      key={JSON.stringify(serving.data)}
      slug={slug}
      serving={serving.data}
      policies={policies}
    />
  );
}

function ServingEditor({ slug, serving, policies }: Props & { serving: Serving }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const save = useSetServing(slug);
  const [rows, setRows] = useState(() => rowsOf(serving.served));
  const [use, setUse] = useState<ServedUse>("chat");
  const active = policies.filter(({ state }) => state === "active");
  const addable = active.filter(({ id }) => !holds(rows, id, use));
  const [chosen, setChosen] = useState<string | null>(null);
  const toAdd = addable.find(({ id }) => String(id) === chosen) ?? addable[0];
  const changed = isChanged(rows, serving.served);
  return (
    <section aria-labelledby="policies-serving">
      <Title order={2} id="policies-serving" className={report.heading}>
        {t("policies.serving", { round: serving.round })}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {rows.length === 0 ? t("policies.noServing") : t("policies.servingHint")}
      </Text>
      {rows.length > 0 && (
        <ServingTable
          rows={rows}
          isDrawn={(policy) => active.some(({ id }) => id === policy)}
          onChange={(row, change) => setRows(withChange(rows, row, change))}
          onRemove={(row) => setRows(withoutRow(rows, row.policy, row.use))}
        />
      )}
      <Group align="end" gap="sm" mt="sm">
        <Select
          aria-label={t("policies.addUse")}
          data={USES.map((value) => ({ value, label: t(`policies.uses.${value}`) }))}
          value={use}
          allowDeselect={false}
          onChange={(value) => setUse(USES.find((known) => known === value) ?? "chat")}
          w={150}
        />
        <Select
          aria-label={t("policies.addPolicy")}
          data={addable.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={toAdd === undefined ? null : String(toAdd.id)}
          allowDeselect={false}
          disabled={toAdd === undefined}
          placeholder={t("policies.nothingToAdd")}
          onChange={setChosen}
          w={220}
        />
        <Button
          variant="default"
          disabled={toAdd === undefined}
          onClick={() => {
            if (toAdd === undefined) return;
            setRows(withRow(rows, { policy: toAdd.id, name: toAdd.name, use }));
          }}
        >
          {t("policies.addServed")}
        </Button>
        {changed && (
          <Group gap="xs" ml="auto">
            <Button variant="subtle" color="gray" onClick={() => setRows(rowsOf(serving.served))}>
              {t("policies.reset")}
            </Button>
            <Button
              disabled={!areGood(rows)}
              loading={save.isPending}
              onClick={() =>
                save.mutate(asRequest(rows), {
                  onSuccess: () => toast(t("policies.servingSaved")),
                })
              }
            >
              {t("policies.saveServing")}
            </Button>
          </Group>
        )}
      </Group>
      {save.isError && (
        <Alert color="red" role="alert" mt="sm">
          {errorText(save.error)}
        </Alert>
      )}
    </section>
  );
}
