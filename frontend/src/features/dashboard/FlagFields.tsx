import { Button, Group, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import classes from "./Quality.module.css";
import type { DraftFlag, FlagFault } from "./ratingSchema";

interface Props {
  flag: DraftFlag;
  /** "Flag 2": what the group is called while the flag has no name. */
  name: string;
  fault: FlagFault | null;
  /** Just added: its name is where to go on typing. */
  isFresh: boolean;
  isFirst: boolean;
  isLast: boolean;
  onChange: (change: { label?: string; key?: string; help?: string }) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

/** One flag of the next version: its name, its key, when to raise it, and its place in the list. */
export function FlagFields(props: Props) {
  const { flag, name, fault, isFresh, isFirst, isLast, onChange, onMove, onRemove } = props;
  const { t } = useTranslation();
  const label = flag.label.trim() || t("comparisons.asked.unnamed");
  const keyFault = fault === "labelMissing" ? null : fault;
  return (
    <fieldset className={classes.flag} aria-label={name}>
      <div className={classes.flagNames}>
        <TextInput
          label={t("comparisons.asked.label")}
          required
          maxLength={60}
          autoFocus={isFresh}
          value={flag.label}
          onChange={(event) => onChange({ label: event.currentTarget.value })}
          error={fault === "labelMissing" && !isFresh && t("comparisons.asked.labelMissing")}
        />
        <TextInput
          label={t("comparisons.asked.key")}
          required={!flag.published}
          maxLength={60}
          readOnly={flag.published}
          variant={flag.published ? "unstyled" : "default"}
          classNames={{ input: classes.key }}
          spellCheck={false}
          value={flag.key}
          onChange={(event) => onChange({ key: event.currentTarget.value })}
          error={keyFault !== null && t(`comparisons.asked.${keyFault}`)}
        />
      </div>
      <TextInput
        label={t("comparisons.asked.meaning")}
        maxLength={500}
        value={flag.help}
        onChange={(event) => onChange({ help: event.currentTarget.value })}
      />
      <Group gap={4} mt={6}>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          disabled={isFirst}
          aria-label={t("comparisons.asked.up", { label })}
          onClick={() => onMove(-1)}
        >
          ↑
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          disabled={isLast}
          aria-label={t("comparisons.asked.down", { label })}
          onClick={() => onMove(1)}
        >
          ↓
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          aria-label={t("comparisons.asked.removeFlag", { label })}
          onClick={onRemove}
        >
          {t("comparisons.asked.remove")}
        </Button>
      </Group>
    </fieldset>
  );
}
