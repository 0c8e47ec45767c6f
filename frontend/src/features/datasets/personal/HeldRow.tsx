import { Button, Group, Mark, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { PersonalDataDecision, PersonalDataHold } from "@/api/types";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "../Datasets.module.css";
import { useDecide } from "./requests";

interface Props {
  slug: string;
  row: PersonalDataHold;
}

const DECISIONS: readonly PersonalDataDecision[] = ["kept", "blanked", "excluded"];
const KINDS = ["email", "phone", "card", "iban", "ip"] as const;

/** One held row: what was found where, and what is to become of it. */
export function HeldRow({ slug, row }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const decide = useDecide(slug);
  const name = t(`personal.rowsOf.${row.rows_of}`, { id: format.number(row.row_id) });
  const kindOf = (kind: string) => {
    const known = KINDS.find((one) => one === kind);
    return known === undefined ? kind : t(`personal.kinds.${known}`);
  };
  const choose = (decision: PersonalDataDecision) =>
    decide.mutate(
      { id: row.id, decision },
      {
        onSuccess: () =>
          toast(t("personal.saved", { row: name, decision: t(`personal.decisions.${decision}`) })),
        onError: (error) => toastFailure(errorText(error)),
      },
    );
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <Group gap="xs">
          <span className={classes.kind}>{name}</span>
          <Text size="sm" c="dimmed" component="span">
            {row.kinds.map(kindOf).join(", ")}
          </Text>
        </Group>
        {row.decided_at !== null && (
          <Text size="sm" c="dimmed">
            {t("personal.by", {
              decision: t(`personal.decisions.${row.decision}`),
              name: row.decided_by ?? "–",
              time: format.time(row.decided_at),
            })}
          </Text>
        )}
        {row.passages.length === 0 ? (
          <Text size="sm" c="dimmed" mt="xs">
            {t("personal.gone")}
          </Text>
        ) : (
          row.passages.map((passage, place) => (
            <Text key={place} size="sm" mt="xs" className={classes.passage}>
              {passage.before}
              <Mark>{passage.found}</Mark>
              {passage.after}
            </Text>
          ))
        )}
        <Group gap="xs" mt="sm" role="group" aria-label={t("personal.decide", { row: name })}>
          {DECISIONS.filter((decision) => decision !== row.decision).map((decision) => (
            <Button
              key={decision}
              size="compact-sm"
              variant="default"
              disabled={decide.isPending}
              onClick={() => choose(decision)}
            >
              {t(`personal.choices.${decision}`)}
            </Button>
          ))}
        </Group>
      </div>
    </li>
  );
}
