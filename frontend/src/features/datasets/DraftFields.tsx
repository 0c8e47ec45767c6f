import { MultiSelect, NumberInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ExportRequest } from "@/api/types";

type Asked = Pick<ExportRequest, "max_model_share" | "without_drafts">;

interface Props {
  asked: Asked;
  fault?: string;
  onChange: (fields: Asked) => void;
}

/** Those that drafts of a finished dialogue have come to. */
const OUTCOMES = ["inserted", "partial", "edited", "ignored", "dismissed", "stale"] as const;

/** Which dialogues stay out for what their authors took from a model's drafts. */
export function DraftFields({ asked, fault, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <NumberInput
        label={t("datasets.maxModelShare")}
        min={0}
        max={1}
        step={0.05}
        value={asked.max_model_share ?? 1}
        onChange={(value) => onChange({ max_model_share: Number(value) })}
        error={fault}
      />
      <MultiSelect
        label={t("datasets.withoutDrafts")}
        data={OUTCOMES.map((value) => ({ value, label: t(`datasets.draftOutcomes.${value}`) }))}
        value={asked.without_drafts ?? []}
        placeholder={(asked.without_drafts ?? []).length === 0 ? t("datasets.noDrafts") : undefined}
        onChange={(values) =>
          onChange({ without_drafts: OUTCOMES.filter((known) => values.includes(known)) })
        }
      />
    </>
  );
}
