import { useTranslation } from "react-i18next";

import { PageTabs } from "@/components/PageTabs";

interface Props {
  slug: string;
}

/** The pages about datasets: files out, files in, and what is declared and frozen. */
export function DatasetTabs({ slug }: Props) {
  const { t } = useTranslation();
  const base = `/projects/${slug}/datasets`;
  return (
    <PageTabs
      label={t("recipes.pages")}
      tabs={[
        { to: base, label: t("recipes.exports") },
        { to: `${base}/imports`, label: t("imports.title") },
        { to: `${base}/recipes`, label: t("recipes.title") },
        { to: `${base}/personal-data`, label: t("personal.title") },
      ]}
    />
  );
}
