import { NavLink } from "react-router";

import classes from "./PageTabs.module.css";

interface Props {
  label: string;
  tabs: readonly { to: string; label: string }[];
}

/** Pages that belong together, under the title of each. */
export function PageTabs({ label, tabs }: Props) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {tabs.map(({ to, label: name }) => (
        <NavLink key={to} to={to} end>
          {name}
        </NavLink>
      ))}
    </nav>
  );
}
