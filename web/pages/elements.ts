/** The elements alone, for any page: `<script type="module" src="elements.js"></script>`. */
export * from '../elements/all.ts'
