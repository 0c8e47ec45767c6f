import {
  Button,
  CloseButton,
  Group,
  NumberInput,
  Table,
  Text,
  VisuallyHidden,
} from "@mantine/core";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";

import report from "@/components/report/Report.module.css";
import { useFormat } from "@/hooks/useFormat";

import { FineParams } from "./FineParams";
import { isWhole, stepOf, unusualOf, type Params } from "./params";
import classes from "./Sampling.module.css";
import { boundsOf, shareOf, USES, type ServedField, type ServedRow } from "./serving";

interface Props {
  rows: readonly ServedRow[];
  /** Whether a policy takes requests. */
  isDrawn: (policy: number) => boolean;
  onChange: (row: ServedRow, change: Partial<Params & Pick<ServedRow, "weight">>) => void;
  onRemove: (row: ServedRow) => void;
}

const FIELDS = ["weight", "temperature", "topP", "maxTokens"] as const satisfies ServedField[];
const N_COLUMNS = FIELDS.length + 4;

/** The rows by use; the share beside each weight is what it comes to. */
export function ServingTable({ rows, isDrawn, onChange, onRemove }: Props) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("policies.use")}</Table.Th>
            <Table.Th>{t("samplingPage.policy")}</Table.Th>
            <Table.Th>{t("policies.weight")}</Table.Th>
            <Table.Th className={report.number}>{t("policies.drawn")}</Table.Th>
            <Table.Th>{t("params.temperature")}</Table.Th>
            <Table.Th>{t("params.topP")}</Table.Th>
            <Table.Th>{t("params.maxTokens")}</Table.Th>
            <Table.Th>
              <VisuallyHidden>{t("common.actions")}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {USES.flatMap((use) => rows.filter((row) => row.use === use)).map((row) => (
            <ServingRow
              key={`${row.use}-${row.policy}`}
              row={row}
              share={shareOf(rows, row, isDrawn)}
              drawn={isDrawn(row.policy)}
              onChange={(change) => onChange(row, change)}
              onRemove={() => onRemove(row)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface RowProps {
  row: ServedRow;
  share: number;
  drawn: boolean;
  onChange: (change: Partial<Params & Pick<ServedRow, "weight">>) => void;
  onRemove: () => void;
}

function ServingRow({ row, share, drawn, onChange, onRemove }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const use = t(`policies.uses.${row.use}`);
  const unusual = unusualOf(row);
  return (
    <Fragment>
      <Table.Tr data-open={open}>
        <Table.Td>{use}</Table.Td>
        <Table.Td>
          {row.name}
          {!drawn && (
            <Text size="xs" c="dimmed">
              {t("policies.retiredHere")}
            </Text>
          )}
          {unusual.length > 0 && !open && (
            <Text size="xs" c="dimmed">
              {unusual.map((field) => t(`params.${field}`)).join(", ")}
            </Text>
          )}
        </Table.Td>
        {FIELDS.map((field) => {
          const [least, most] = boundsOf(field);
          const label = field === "weight" ? t("policies.weight") : t(`params.${field}`);
          return (
            <Fragment key={field}>
              <Table.Td>
                <NumberInput
                  aria-label={`${label}: ${row.name}, ${use}`}
                  size="xs"
                  w={88}
                  min={least}
                  max={most}
                  step={field === "weight" ? 1 : stepOf(field)}
                  allowDecimal={field === "weight" || !isWhole(field)}
                  value={row[field]}
                  onChange={(value) => onChange({ [field]: value })}
                />
              </Table.Td>
              {field === "weight" && (
                <Table.Td className={report.number}>{format.share(share)}</Table.Td>
              )}
            </Fragment>
          );
        })}
        <Table.Td>
          <Group gap={4} justify="end" wrap="nowrap">
            <Button
              variant="subtle"
              size="compact-xs"
              aria-expanded={open}
              aria-label={t("params.moreOf", { name: row.name, use })}
              onClick={() => setOpen(!open)}
            >
              {open ? t("params.less") : t("params.more")}
            </Button>
            <CloseButton
              size="sm"
              aria-label={t("policies.removeServed", { name: row.name, use })}
              onClick={onRemove}
            />
          </Group>
        </Table.Td>
      </Table.Tr>
      {open && (
        <Table.Tr>
          <Table.Td colSpan={N_COLUMNS}>
            <div className={classes.fineOfRow}>
              <FineParams
                params={row}
                onNumber={(field, value) => onChange({ [field]: value })}
                onTexts={(field, values) => onChange({ [field]: values })}
              />
            </div>
          </Table.Td>
        </Table.Tr>
      )}
    </Fragment>
  );
}
