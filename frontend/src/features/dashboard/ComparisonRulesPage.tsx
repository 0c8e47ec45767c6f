import { useTranslation } from "react-i18next";

import { PageFrame } from "@/components/PageFrame";
import { usePageTitle } from "@/hooks/usePageTitle";

import { ComparisonSettingsSection } from "./ComparisonSettingsForm";
import { ComparisonTabs } from "./ComparisonTabs";
import { RatingSchemaSection } from "./RatingSchemaSection";

/** By which rules comparisons are made and ranked, and what people are asked beside the order. */
export function ComparisonRulesPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("comparisons.rules"));
  return (
    <PageFrame title={t("comparisons.title")} hint={t("comparisons.rulesHint")} wide>
      <ComparisonTabs slug={slug} />
      <ComparisonSettingsSection slug={slug} />
      <RatingSchemaSection slug={slug} />
    </PageFrame>
  );
}
