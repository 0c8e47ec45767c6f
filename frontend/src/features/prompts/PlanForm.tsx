import { Alert, Badge, Button, Group, NumberInput, Table } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { PromptPlan } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Prompts.module.css";
import { useSavePlan } from "./requests";

type Target = number | "";
const key = (kind: string, category: string) => `${kind}/${category}`;
const targetOf = (value: number | string): Target => (value === "" ? "" : Number(value));

/** How many tasks of each category are wanted, beside how many were made and done. */
export function PlanForm({ slug, plan }: { slug: string; plan: PromptPlan }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const saving = useSavePlan(slug);
  const [cap, setCap] = useState<Target>(plan.max_per_author ?? "");
  const [targets, setTargets] = useState<ReadonlyMap<string, Target>>(
    () =>
      new Map(
        plan.categories.flatMap(({ name, wanted }) =>
          wanted.map(({ kind, target }) => [key(kind, name), target ?? ""] as const),
        ),
      ),
  );
  const kinds = plan.categories[0]?.wanted.map(({ kind }) => kind) ?? [];
  const save = () =>
    saving.mutate(
      {
        max_per_author: cap === "" ? null : cap,
        quotas: plan.categories.flatMap(({ name, wanted }) =>
          wanted.flatMap(({ kind }) => {
            const target = targets.get(key(kind, name)) ?? "";
            return target === "" ? [] : [{ kind, category: name, target }];
          }),
        ),
      },
      { onSuccess: () => toast(t("prompts.planSaved")) },
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("prompts.category")}</Table.Th>
              <Table.Th className={classes.number}>{t("prompts.n")}</Table.Th>
              {kinds.map((kind) => (
                <Table.Th key={kind} className={classes.number}>
                  {t(`prompts.wanted.${kind}`)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {plan.categories.map(({ name, n_prompts, is_free, wanted }) => {
              const category = name === "" ? t("prompts.noCategory") : name.replaceAll("_", " ");
              return (
                <Table.Tr key={name}>
                  <Table.Td>
                    {category}{" "}
                    {is_free && (
                      <Badge variant="default" tt="none" fw={500}>
                        {t("prompts.kinds.free")}
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td className={classes.number}>{format.number(n_prompts)}</Table.Td>
                  {wanted.map(({ kind, made, done }) => (
                    <Table.Td key={kind} className={classes.number}>
                      <NumberInput
                        size="xs"
                        className={classes.target}
                        aria-label={t("prompts.targetOf", {
                          category,
                          kind: t(`kinds.${kind}`),
                        })}
                        placeholder={t("prompts.noQuota")}
                        min={0}
                        allowDecimal={false}
                        value={targets.get(key(kind, name)) ?? ""}
                        onChange={(value) =>
                          setTargets((all) => new Map(all).set(key(kind, name), targetOf(value)))
                        }
                      />
                      <div className={classes.progress}>
                        {t("prompts.progress", {
                          made: format.number(made),
                          done: format.number(done),
                        })}
                      </div>
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {saving.isError && (
        <Alert color="red" role="alert" mt="xs">
          {errorText(saving.error)}
        </Alert>
      )}
      <Group justify="space-between" align="flex-end" mt="sm">
        <NumberInput
          label={t("prompts.cap")}
          description={t("prompts.capHint")}
          placeholder={t("prompts.noQuota")}
          min={0}
          allowDecimal={false}
          value={cap}
          onChange={(value) => setCap(targetOf(value))}
        />
        <Button type="submit" variant="default" loading={saving.isPending}>
          {t("prompts.savePlan")}
        </Button>
      </Group>
    </form>
  );
}
