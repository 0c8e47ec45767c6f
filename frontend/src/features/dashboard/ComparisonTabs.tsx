import { useTranslation } from "react-i18next";

import { PageTabs } from "@/components/PageTabs";

interface Props {
  slug: string;
}

/** The two pages about comparisons: how they do, and by which rules they are made and ranked. */
export function ComparisonTabs({ slug }: Props) {
  const { t } = useTranslation();
  const base = `/projects/${slug}/comparisons`;
  return (
    <PageTabs
      label={t("comparisons.pages")}
      tabs={[
        { to: base, label: t("comparisons.now") },
        { to: `${base}/rules`, label: t("comparisons.rules") },
      ]}
    />
  );
}
