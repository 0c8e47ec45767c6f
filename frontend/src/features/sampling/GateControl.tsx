import { SegmentedControl, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { GateMode, SamplingFigures } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { useSetGate } from "./requests";
import classes from "./Sampling.module.css";

interface Props {
  slug: string;
  gate: SamplingFigures["gate"];
}

const MODES: readonly GateMode[] = ["open", "people_only", "closed"];

/** What the workers may take up: everything, only what people wait for, or nothing. */
export function GateControl({ slug, gate }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const setGate = useSetGate(slug);
  const shown = setGate.isPending ? setGate.variables : gate.mode;
  return (
    <div className={classes.gate}>
      <SegmentedControl
        size="sm"
        aria-label={t("samplingPage.gate")}
        value={shown}
        disabled={setGate.isPending}
        data={MODES.map((value) => ({ value, label: t(`samplingPage.modes.${value}`) }))}
        onChange={(value) =>
          setGate.mutate(MODES.find((mode) => mode === value) ?? "open", {
            onError: (error) => toastFailure(errorText(error)),
          })
        }
      />
      <Text size="xs" c="dimmed" role="status">
        {t(`samplingPage.modeHints.${shown}`)}
        {gate.changed_at !== null &&
          gate.changed_by !== null &&
          ` ${t("samplingPage.changedBy", {
            who: gate.changed_by,
            when: format.time(gate.changed_at),
          })}`}
      </Text>
    </div>
  );
}
