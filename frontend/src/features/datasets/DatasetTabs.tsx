import { useTranslation } from "react-i18next";

import { PageTabs } from "@/components/PageTabs";

interface Props {
  slug: string;
}

/** The two pages about datasets: single files, and what is declared and frozen. */
export function DatasetTabs({ slug }: Props) {
  const { t } = useTranslation();
  const base = `/projects/${slug}/datasets`;
  return (
    <PageTabs
      label={t("recipes.pages")}
      tabs={[
        { to: base, label: t("recipes.exports") },
        { to: `${base}/recipes`, label: t("recipes.title") },
      ]}
    />
  );
}
