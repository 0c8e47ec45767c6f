import { useTranslation } from "react-i18next";

import { PageTabs } from "@/components/PageTabs";

interface Props {
  slug: string;
}

/** The two pages about policies: how they do, and which there are. */
export function SamplingTabs({ slug }: Props) {
  const { t } = useTranslation();
  const base = `/projects/${slug}/sampling`;
  return (
    <PageTabs
      label={t("samplingPage.pages")}
      tabs={[
        { to: base, label: t("samplingPage.now") },
        { to: `${base}/policies`, label: t("policies.title") },
      ]}
    />
  );
}
