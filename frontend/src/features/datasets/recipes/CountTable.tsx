import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { MixtureTable } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import { Reasons } from "../Reasons";
import classes from "./Recipes.module.css";

interface Props {
  table: MixtureTable;
}

/** Rows, tokens and what is left out, by source; rows and tokens by category. */
export function CountTable({ table }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const tokens = (value: number | null) =>
    value === null ? t("recipes.notCounted") : format.number(value);
  return (
    <div className={classes.table}>
      <Table aria-label={t("recipes.table")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("recipes.source")}</Table.Th>
            <Table.Th className={classes.number}>{t("recipes.rows")}</Table.Th>
            <Table.Th className={classes.number}>{t("recipes.tokens")}</Table.Th>
            <Table.Th>{t("recipes.leftOut")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.sources.map((source) => (
            <Table.Tr key={source.name}>
              <Table.Td>{source.name}</Table.Td>
              <Table.Td className={classes.number}>{format.number(source.rows)}</Table.Td>
              <Table.Td className={classes.number}>{tokens(source.tokens)}</Table.Td>
              <Table.Td>
                <Reasons
                  label={t("recipes.whyLeftOut", { name: source.name })}
                  of="rows"
                  counts={source.excluded}
                />
              </Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr fw={600}>
            <Table.Td>{t("recipes.all")}</Table.Td>
            <Table.Td className={classes.number}>{format.number(table.rows)}</Table.Td>
            <Table.Td className={classes.number}>{tokens(table.tokens)}</Table.Td>
            <Table.Td />
          </Table.Tr>
        </Table.Tbody>
        <Table.Thead>
          <Table.Tr>
            <Table.Th colSpan={4}>{t("recipes.category")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.categories.map((category) => (
            <Table.Tr key={category.name}>
              <Table.Td>{category.name || t("recipes.noCategory")}</Table.Td>
              <Table.Td className={classes.number}>{format.number(category.rows)}</Table.Td>
              <Table.Td className={classes.number}>{tokens(category.tokens)}</Table.Td>
              <Table.Td />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
