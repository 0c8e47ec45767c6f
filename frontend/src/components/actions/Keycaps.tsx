import { keycaps, type Shortcut } from "@/lib/shortcuts";

import classes from "./Keycaps.module.css";

interface Props {
  shortcut: Shortcut;
}

/** The keys of a shortcut, drawn as keycaps. Spoken names come from `aria-keyshortcuts`. */
export function Keycaps({ shortcut }: Props) {
  return (
    <span className={classes.keys} aria-hidden="true">
      {keycaps(shortcut).map((caps) => (
        <span key={caps.join("")} className={classes.chord}>
          {caps.map((cap) => (
            <kbd key={cap} className={classes.cap}>
              {cap}
            </kbd>
          ))}
        </span>
      ))}
    </span>
  );
}
