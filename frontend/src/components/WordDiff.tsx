import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";

import classes from "./WordDiff.module.css";

interface Props {
  from: string;
  to: string;
}

/** Word by word, what went and what came. */
export default function WordDiff({ from, to }: Props) {
  const parts = useMemo(() => diffWordsWithSpace(from, to), [from, to]);
  return (
    <div className={classes.diff} dir="auto">
      {parts.map(({ value, added, removed }, index) => {
        if (added) return <ins key={index}>{value}</ins>;
        if (removed) return <del key={index}>{value}</del>;
        return <span key={index}>{value}</span>;
      })}
    </div>
  );
}
