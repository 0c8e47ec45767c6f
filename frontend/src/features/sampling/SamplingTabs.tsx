import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";

import classes from "./Sampling.module.css";

interface Props {
  slug: string;
}

/** The two pages about policies: how they do, and which there are. */
export function SamplingTabs({ slug }: Props) {
  const { t } = useTranslation();
  const base = `/projects/${slug}/sampling`;
  return (
    <nav className={classes.tabs} aria-label={t("samplingPage.pages")}>
      <NavLink to={base} end>
        {t("samplingPage.now")}
      </NavLink>
      <NavLink to={`${base}/policies`}>{t("policies.title")}</NavLink>
    </nav>
  );
}
