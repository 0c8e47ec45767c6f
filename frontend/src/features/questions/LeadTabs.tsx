import { useTranslation } from "react-i18next";

import { PageTabs } from "@/components/PageTabs";

/** The two pages on which leads settle what people cannot: questions, and tasks that nobody could do. */
export function LeadTabs({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const base = `/projects/${slug}`;
  return (
    <PageTabs
      label={t("withdrawn.pages")}
      tabs={[
        { to: `${base}/questions`, label: t("asked.title") },
        { to: `${base}/withdrawn`, label: t("withdrawn.title") },
      ]}
    />
  );
}
