import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Estimate, Figures } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "@/components/report/Report.module.css";
import quality from "./Quality.module.css";

interface EstimateProps {
  estimate: Estimate | null;
  none: string;
  coefficient?: boolean;
}

/** A figure with its interval in one cell, or why there is none. */
export function EstimateText({ estimate, none, coefficient = false }: EstimateProps) {
  const format = useFormat();
  const read = coefficient ? format.coefficient : format.share;
  if (estimate === null) {
    return (
      <Text span c="dimmed" size="sm">
        {none}
      </Text>
    );
  }
  return (
    <>
      {read(estimate.value)}{" "}
      <span className={quality.within}>
        {read(estimate.low)}–{read(estimate.high)}
      </span>
    </>
  );
}

/** Agreement by round, language, category and guideline version. */
export function SliceTable({ agreement }: { agreement: Figures["agreement"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const slices = [
    ...agreement.by_round.map((slice) => ({
      ...slice,
      label:
        slice.key === "0"
          ? t("quality.parts.noRound")
          : t("quality.parts.round", { key: slice.key }),
    })),
    ...agreement.by_language.map((slice) => ({
      ...slice,
      label: t("quality.parts.language", { key: slice.key }),
    })),
    ...agreement.by_category.map((slice) => ({
      ...slice,
      label: slice.key
        ? t("quality.parts.category", { key: slice.key })
        : t("quality.parts.noCategory"),
    })),
    ...agreement.by_guideline.map((slice) => ({
      ...slice,
      label: slice.key
        ? t("quality.parts.guideline", { key: slice.key })
        : t("quality.parts.noGuideline"),
    })),
  ];
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.part")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.overlapped")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.sameOrder")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.tauB")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {slices.map((slice) => (
            <Table.Tr key={slice.label}>
              <Table.Td>{slice.label}</Table.Td>
              <Table.Td className={classes.number}>{format.number(slice.n_comparisons)}</Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText
                  estimate={slice.same_order}
                  none={t("quality.notEnoughShort", { n: slice.n_comparisons })}
                />
              </Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText estimate={slice.tau_b} none="–" coefficient />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Krippendorff's alpha of ratings and of each flag, with how often it was raised. */
export function FlagTable({ figures }: { figures: Figures }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.item")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.alphaShort")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.prevalence")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>{t("quality.ratings")}</Table.Td>
            <Table.Td className={classes.number}>
              <EstimateText
                coefficient
                estimate={figures.ratings_alpha}
                none={t("quality.undefined")}
              />
            </Table.Td>
            <Table.Td />
          </Table.Tr>
          {figures.flags.map((flag) => (
            <Table.Tr key={flag.flag}>
              <Table.Td>{flag.flag}</Table.Td>
              <Table.Td className={classes.number}>
                <EstimateText coefficient estimate={flag.alpha} none={t("quality.undefined")} />
              </Table.Td>
              <Table.Td className={classes.number}>{format.share(flag.prevalence)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** How many of a policy's candidates are near copies, were cut, or gave its name away. */
export function MakerTable({ makers }: { makers: Figures["makers"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quality.policy")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.makerCandidates")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.nearShare")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.cutShare")}</Table.Th>
            <Table.Th className={classes.number}>{t("quality.namedShare")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {makers.map(({ policy, n, n_near, n_cut, n_named }) => (
            <Table.Tr key={policy}>
              <Table.Td>{policy}</Table.Td>
              <Table.Td className={classes.number}>{format.number(n)}</Table.Td>
              <Table.Td className={classes.number}>{format.preciseShare(n_near / n)}</Table.Td>
              <Table.Td className={classes.number}>{format.preciseShare(n_cut / n)}</Table.Td>
              <Table.Td className={classes.number}>{format.preciseShare(n_named / n)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
