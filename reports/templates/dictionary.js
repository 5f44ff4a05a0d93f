(function () {
  var box = document.getElementById("find"), found = document.getElementById("found");
  function all(node, what) { return [].slice.call(node.querySelectorAll(what)); }
  var sections = all(document, "main > section");
  var sets = all(document, ".set");
  var parts = all(document, "details.entry").map(function (entry) {
    return { entry: entry, head: entry.querySelector("summary").textContent.toLowerCase(),
             rows: all(entry, ".column").map(function (row) {
               return { row: row, text: (row.id + " " + row.textContent).toLowerCase(), id: row.id.toLowerCase() }; }) };
  });
  function search() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), hits = [];
    function fits(text) { return words.every(function (word) { return text.indexOf(word) >= 0; }); }
    function ends(text) { return text.slice(-words[0].length - 1) === "." + words[0]; }
    function some(fitting) { return parts.some(function (part) { return part.rows.some(fitting); }); }
    var exact = words.length === 1 && some(function (each) { return ends(each.id); });
    var named = some(function (each) { return fits(each.id); });
    parts.forEach(function (part) {
      var whole = fits(part.head), count = 0;
      part.rows.forEach(function (each) {
        var hit = exact ? ends(each.id) : fits(named ? each.id : each.text);
        each.row.hidden = words.length > 0 && !whole && !hit;
        if (hit) { count += 1; hits.push(each.row); }
      });
      part.entry.hidden = words.length > 0 && !whole && !count;
      part.entry.open = words.length > 0 && count > 0;
      if (whole && !count) { hits.push(null); }
    });
    sets.forEach(function (set) { set.hidden = !set.querySelector(".column:not([hidden])"); });
    sections.forEach(function (section) {
      section.hidden = words.length > 0 && !section.querySelector("details.entry:not([hidden])");
    });
    if (words.length && hits.length <= 6) {
      hits.forEach(function (row) { if (row) { all(row, "details").forEach(function (part) { part.open = true; }); } });
    }
    found.textContent = words.length ? String(hits.length) : "";
  }
  document.getElementById("search").hidden = false;
  box.addEventListener("input", search);
})();
