import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Policy } from "@/api/types";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Sampling.module.css";

interface Props {
  check: NonNullable<Policy["check_result"]>;
}

/** What a worker found when it loaded the policy dry; a problem stands open, the rest folds away. */
export function PolicyCheck({ check }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  if (check.state === "queued" || check.state === "running") {
    return (
      <Text size="sm" c="dimmed" role="status">
        {t(check.state === "queued" ? "policies.checkWaits" : "policies.checking")}
      </Text>
    );
  }
  const result = t("policies.checkedAt", {
    result: t(`policies.checked.${check.state}`),
    when: format.time(check.finished_at ?? check.created_at),
  });
  return (
    <details className={classes.check} open={check.state === "failed"}>
      <summary data-state={check.state}>{result}</summary>
      <ul aria-label={t("policies.findings")}>
        {check.findings.map((finding) => (
          <li key={finding.code} data-verdict={finding.verdict}>
            <span className={classes.verdict}>{t(`policies.verdicts.${finding.verdict}`)}</span>
            <span className={classes.finding}>{finding.code.replaceAll("_", " ")}</span>
            <span>{finding.detail}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
