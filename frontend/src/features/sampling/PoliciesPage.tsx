import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Policy } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { policiesActions, registerAction } from "./actions";
import { PolicyForm } from "./PolicyForm";
import { PolicyRow } from "./PolicyRow";
import { policiesQuery } from "./requests";
import classes from "./Sampling.module.css";
import { SamplingTabs } from "./SamplingTabs";
import { ServingSection } from "./ServingSection";

interface Props {
  slug: string;
}

/** The form's subject: a policy to edit, or a new one. */
type Subject = Policy | "new" | null;

/** Which policies there are, whether they can serve, and who serves this project's round. */
export function PoliciesPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("policies.title"));
  const policies = useQuery(policiesQuery);
  const [subject, setSubject] = useState<Subject>(null);
  const context = { openForm: () => setSubject("new") };
  useActions(t("policies.title"), policiesActions, context);
  if (policies.isPending) return <PageLoading />;
  if (policies.data === undefined) {
    return <ErrorPanel error={policies.error} onRetry={() => void policies.refetch()} />;
  }
  return (
    <div className={report.page}>
      <header className={report.header}>
        <div>
          <Title order={1} className={report.title}>
            {t("samplingPage.title")}
          </Title>
          <SamplingTabs slug={slug} />
        </div>
        <ActionButton action={registerAction} context={context} keyInside />
      </header>
      <ServingSection slug={slug} policies={policies.data} />
      <section aria-labelledby="policies-list">
        <Title order={2} id="policies-list" className={report.heading}>
          {t("policies.list")}
        </Title>
        {policies.data.length === 0 ? (
          <StatePanel order={2} title={t("policies.emptyTitle")} hint={t("policies.emptyHint")} />
        ) : (
          <ul className={classes.list}>
            {policies.data.map((policy) => (
              <PolicyRow key={policy.id} policy={policy} onEdit={() => setSubject(policy)} />
            ))}
          </ul>
        )}
      </section>
      {subject !== null && (
        <PolicyForm
          policy={subject === "new" ? null : subject}
          policies={policies.data}
          onClose={() => setSubject(null)}
        />
      )}
    </div>
  );
}
