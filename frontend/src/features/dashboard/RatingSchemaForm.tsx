import {
  Alert,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  NumberInput,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useRef, useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { RatingSchema } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { usePublishRatingSchema } from "./comparisonRequests";
import { FlagFields } from "./FlagFields";
import classes from "./Quality.module.css";
import {
  changedFlag,
  draftOf,
  faultOf,
  freshFlag,
  isChanged,
  isPublishable,
  movedFlag,
  requestOf,
  type Draft,
} from "./ratingSchema";

interface Props {
  slug: string;
  asked: RatingSchema | undefined;
}

const MOST_STEPS = 10;
const FLOWS = ["order", "rate-then-order"] as const;
const STRENGTHS = ["none", "four-grades", "minus-3-to-3"] as const;

/** Writes the next version of what people are asked beside the order. */
export function RatingSchemaForm({ slug, asked }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const publish = usePublishRatingSchema(slug);
  const stored = draftOf(asked);
  const [draft, setDraft] = useState(stored);
  const [fresh, setFresh] = useState<number | null>(null);
  const addFlag = useRef<HTMLButtonElement>(null);
  const version = asked?.version ?? 0;
  const changed = isChanged(draft, stored);
  const ratedFirst = draft.flow === "rate-then-order";
  const put = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    publish.mutate(requestOf(draft, version), {
      onSuccess: () => toast(t("comparisons.asked.published")),
    });
  };
  const scaleEnd = (name: "scale_min" | "scale_max", label: string, error?: string) => (
    <NumberInput
      w="9rem"
      label={label}
      required
      min={0}
      max={MOST_STEPS}
      clampBehavior="strict"
      allowDecimal={false}
      value={draft[name]}
      onChange={(value) => put({ [name]: Number(value) })}
      error={error}
    />
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Group align="flex-start" gap="md">
          {scaleEnd("scale_min", t("comparisons.asked.scaleMin"))}
          {scaleEnd(
            "scale_max",
            t("comparisons.asked.scaleMax"),
            draft.scale_max > draft.scale_min ? undefined : t("comparisons.asked.scaleEmpty"),
          )}
        </Group>
        <Textarea
          maw="40rem"
          label={t("comparisons.asked.help")}
          description={t("comparisons.asked.helpHint")}
          autosize
          maxLength={500}
          value={draft.rating_help}
          onChange={(event) => put({ rating_help: event.currentTarget.value })}
        />
        <div className={classes.grid}>
          <NativeSelect
            label={t("comparisons.asked.flow")}
            value={draft.flow}
            onChange={({ currentTarget: { value } }) => {
              const flow = FLOWS.find((known) => known === value) ?? "order";
              put(flow === "rate-then-order" ? { flow, rating_required: true } : { flow });
            }}
            data={FLOWS.map((value) => ({ value, label: t(`comparisons.asked.flows.${value}`) }))}
          />
          <NativeSelect
            label={t("comparisons.asked.strength")}
            value={draft.strength}
            onChange={({ currentTarget: { value } }) =>
              put({ strength: STRENGTHS.find((known) => known === value) ?? "none" })
            }
            data={STRENGTHS.map((value) => ({
              value,
              label: t(`comparisons.asked.strengths.${value}`),
            }))}
          />
        </div>
        <Checkbox
          label={t("comparisons.asked.required")}
          description={ratedFirst ? t("comparisons.asked.requiredByFlow") : undefined}
          disabled={ratedFirst}
          checked={draft.rating_required}
          onChange={(event) => put({ rating_required: event.currentTarget.checked })}
        />
        <div>
          <Text fw={600} size="sm">
            {t("comparisons.asked.flags")}
          </Text>
          <Text size="sm" c="dimmed">
            {t("comparisons.asked.flagsHint")}
          </Text>
        </div>
        {draft.flags.map((flag, place) => (
          <FlagFields
            key={flag.id}
            flag={flag}
            name={t("comparisons.asked.flag", { place: place + 1 })}
            fault={faultOf(flag, draft.flags)}
            isFresh={flag.id === fresh}
            isFirst={place === 0}
            isLast={place === draft.flags.length - 1}
            onChange={(change) =>
              put({
                flags: draft.flags.map((one) => (one === flag ? changedFlag(one, change) : one)),
              })
            }
            onMove={(by) => put({ flags: movedFlag(draft.flags, flag.id, by) })}
            onRemove={() => {
              put({ flags: draft.flags.filter((one) => one !== flag) });
              addFlag.current?.focus();
            }}
          />
        ))}
        <div>
          <Button
            ref={addFlag}
            variant="default"
            onClick={() => {
              const flag = freshFlag(draft.flags);
              setFresh(flag.id);
              put({ flags: [...draft.flags, flag] });
            }}
          >
            {t("comparisons.asked.addFlag")}
          </Button>
        </div>
        {publish.isError && (
          <Alert color="red" role="alert">
            {errorText(publish.error)}
          </Alert>
        )}
        <Group justify="space-between">
          <Button
            variant="subtle"
            color="gray"
            disabled={!changed}
            onClick={() => setDraft(stored)}
          >
            {t("comparisons.asked.discard")}
          </Button>
          <Button
            type="submit"
            disabled={!changed || !isPublishable(draft)}
            loading={publish.isPending}
          >
            {t("comparisons.asked.publish", { version: version + 1 })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
