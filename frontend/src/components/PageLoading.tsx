import { Skeleton, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

import classes from "./PageLoading.module.css";

/** Stands in for a page on its way. Stays invisible for the first 300 ms, so quick pages never flicker. */
export function PageLoading() {
  const { t } = useTranslation();
  return (
    <div className={classes.page} role="status">
      <VisuallyHidden>{t("common.loading")}</VisuallyHidden>
      <Skeleton height={20} width="40%" />
      <Skeleton height={12} mt="lg" />
      <Skeleton height={12} mt="sm" width="92%" />
      <Skeleton height={12} mt="sm" width="70%" />
    </div>
  );
}
