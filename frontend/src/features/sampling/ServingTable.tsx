import { CloseButton, NumberInput, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/hooks/useFormat";

import classes from "./Sampling.module.css";
import { boundsOf, shareOf, USES, type ServedField, type ServedRow } from "./serving";

interface Props {
  rows: readonly ServedRow[];
  /** Whether a policy takes requests. */
  isDrawn: (policy: number) => boolean;
  onChange: (row: ServedRow, field: ServedField, value: number | string) => void;
  onRemove: (row: ServedRow) => void;
}

const FIELDS: readonly { field: ServedField; step: number }[] = [
  { field: "weight", step: 1 },
  { field: "temperature", step: 0.1 },
  { field: "topP", step: 0.05 },
  { field: "maxTokens", step: 64 },
];

/** The rows by use; the share beside each weight is what it comes to. */
export function ServingTable({ rows, isDrawn, onChange, onRemove }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("policies.use")}</Table.Th>
            <Table.Th>{t("samplingPage.policy")}</Table.Th>
            {FIELDS.map(({ field }) => (
              <Table.Th key={field}>{t(`policies.${field}`)}</Table.Th>
            ))}
            <Table.Th className={classes.number}>{t("policies.drawn")}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {USES.flatMap((use) => rows.filter((row) => row.use === use)).map((row) => (
            <Table.Tr key={`${row.use}-${row.policy}`}>
              <Table.Td>{t(`policies.uses.${row.use}`)}</Table.Td>
              <Table.Td>
                {row.name}
                {!isDrawn(row.policy) && (
                  <Text size="xs" c="dimmed">
                    {t("policies.retiredHere")}
                  </Text>
                )}
              </Table.Td>
              {FIELDS.map(({ field, step }) => {
                const [least, most] = boundsOf(field);
                return (
                  <Table.Td key={field}>
                    <NumberInput
                      aria-label={`${t(`policies.${field}`)}: ${row.name}, ${t(`policies.uses.${row.use}`)}`}
                      size="xs"
                      w={92}
                      min={least}
                      max={most}
                      step={step}
                      allowDecimal={field !== "maxTokens"}
                      value={row[field]}
                      onChange={(value) => onChange(row, field, value)}
                    />
                  </Table.Td>
                );
              })}
              <Table.Td className={classes.number}>
                {format.share(shareOf(rows, row, isDrawn))}
              </Table.Td>
              <Table.Td>
                <CloseButton
                  aria-label={t("policies.removeServed", {
                    name: row.name,
                    use: t(`policies.uses.${row.use}`),
                  })}
                  onClick={() => onRemove(row)}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
